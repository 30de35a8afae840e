declare module "cluster-key-slot" {
  /** The slot of 16,384 that a key is in: the CRC-16 of its hash tag, or of all of it. */
  export default function slotOf(key: string): number;
}
