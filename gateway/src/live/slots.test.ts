import { expect, test } from "bun:test";
import { createLiveSlots } from "./slots.ts";

const codeOf = (act: () => unknown) => {
  try {
    act();
    return "taken";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("an address has a bound of streams, which takes none from another address", () => {
  const slots = createLiveSlots({ perAddress: 2, total: 10 });
  const giveBack = slots.take("192.0.2.1");
  slots.take("192.0.2.1");
  expect(codeOf(() => slots.take("192.0.2.1"))).toBe("too_many_streams");
  expect(codeOf(() => slots.take("192.0.2.2"))).toBe("taken");
  giveBack();
  giveBack();
  expect(codeOf(() => slots.take("192.0.2.1"))).toBe("taken");
  expect(codeOf(() => slots.take("192.0.2.1"))).toBe("too_many_streams");
});

test("addresses of one IPv6 network are one", () => {
  const slots = createLiveSlots({ perAddress: 1, total: 10 });
  slots.take("2001:db8::1");
  expect(codeOf(() => slots.take("2001:db8::2"))).toBe("too_many_streams");
});

/** Takes from as many networks of a prefix as there are names, until one is refused. */
function takeUntilRefused(slots: ReturnType<typeof createLiveSlots>, toAddress: (n: number) => string): number {
  for (let n = 0; n < 1_000; n++) if (codeOf(() => slots.take(toAddress(n))) !== "taken") return n;
  return 1_000;
}

test("all networks of one household have twice the streams of an address, and those of one site four times", () => {
  const slots = createLiveSlots({ perAddress: 3, total: 100 });
  expect(takeUntilRefused(slots, (n) => `2001:db8:1:${(n % 256).toString(16)}::1`)).toBe(6);
  expect(takeUntilRefused(slots, (n) => `2001:db8:1:${((n % 255) + 1).toString(16)}00::1`)).toBe(12 - 6);
  expect(codeOf(() => slots.take("2001:db8:2::1"))).toBe("taken");
});

test("a household takes at most half of all streams, however many an address may have", () => {
  const slots = createLiveSlots({ perAddress: 90, total: 192 });
  expect(takeUntilRefused(slots, (n) => `2001:db8:1:${(n % 256).toString(16)}::1`)).toBe(96);
  expect(codeOf(() => slots.take("192.0.2.1"))).toBe("taken");
});

test("an IPv4 address and its IPv6 form have the same streams, and ::1 others", () => {
  const slots = createLiveSlots({ perAddress: 1, total: 10 });
  slots.take("::ffff:192.0.2.1");
  expect(codeOf(() => slots.take("::1"))).toBe("taken");
  expect(codeOf(() => slots.take("192.0.2.1"))).toBe("too_many_streams");
});

test("all addresses together have a bound of streams", () => {
  const slots = createLiveSlots({ perAddress: 2, total: 2 });
  const giveBack = slots.take("192.0.2.1");
  slots.take("192.0.2.2");
  expect(codeOf(() => slots.take("192.0.2.3"))).toBe("unavailable");
  giveBack();
  expect(codeOf(() => slots.take("192.0.2.3"))).toBe("taken");
});
