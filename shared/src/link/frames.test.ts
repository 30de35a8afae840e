import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeFrame, encodeFrame } from "./frames.ts";

const parcel = fc.record({
  head: fc.array(fc.string({ unit: "binary" })),
  body: fc.oneof(fc.uint8Array(), fc.string({ unit: "grapheme" }), fc.constant(null)),
});

test("decoding a frame gives the heads and bodies it was made of", () => {
  fc.assert(
    fc.property(fc.array(parcel), (parcels) => {
      const read = decodeFrame<string[]>(encodeFrame(parcels));
      expect(read).toEqual(parcels.map(({ head, body }) => ({ head, body: new Uint8Array(Buffer.from(body ?? [])) })));
    }),
  );
});

const frame = encodeFrame([{ head: [1], body: new Uint8Array([7, 8, 9]) }]);
test.each([
  ["nothing", new Uint8Array()],
  ["a frame cut within its heads", frame.slice(0, 6)],
  ["a frame cut within a body", frame.slice(0, -1)],
  ["a frame with a byte too many", new Uint8Array([...frame, 0])],
  ["heads that are no JSON", new Uint8Array([1, 0, 0, 0, 33])],
  ["heads that are no list", encodeFrame([]).fill(48, 4)],
])("%s is refused", (_, bytes) => {
  expect(() => decodeFrame(bytes)).toThrow();
});
