import { expect, test } from "bun:test";
import { createLiveSlots } from "./live-slots.ts";

const codeOf = (act: () => unknown) => {
  try {
    act();
    return "taken";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("an address has so many streams, and another none the less for it", () => {
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

test("all addresses together have so many", () => {
  const slots = createLiveSlots({ perAddress: 2, total: 2 });
  const giveBack = slots.take("192.0.2.1");
  slots.take("192.0.2.2");
  expect(codeOf(() => slots.take("192.0.2.3"))).toBe("unavailable");
  giveBack();
  expect(codeOf(() => slots.take("192.0.2.3"))).toBe("taken");
});
