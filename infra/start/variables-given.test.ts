import { expect, test } from "bun:test";
import { faultsOfReplaced, notesOn } from "./variables-given.ts";

test.each([
  [{ RATE_USER_BURTS: "5" }, "there is no variable RATE_USER_BURTS; did you mean RATE_USER_BURST?"],
  [{ RATE_WHATEVER_ELSE_PER_HOUR: "5" }, "there is no variable RATE_WHATEVER_ELSE_PER_HOUR"],
  [{ JWT_SECRETS: "x" }, "there is no variable JWT_SECRETS; did you mean JWT_SECRET?"],
  [{ NODE_EVN: "production" }, "there is no variable NODE_EVN; did you mean NODE_ENV?"],
  [{ GATEWAY_PROT: "80" }, "there is no variable GATEWAY_PROT; did you mean GATEWAY_PORT?"],
  [{ POSTGRES_URI: "x" }, "there is no variable POSTGRES_URI; did you mean POSTGRES_URL?"],
  [{ PASWORDS: "required" }, "there is no variable PASWORDS; did you mean PASSWORDS?"],
  [{ GATEWAYPORT: "1" }, "there is no variable GATEWAYPORT; did you mean GATEWAY_PORT?"],
  [{ DATA_DRI: "x" }, "there is no variable DATA_DRI; did you mean DATA_DIR?"],
])("%j is answered with the name that was meant", (env, note) => {
  expect(notesOn(env)).toEqual([note]);
});

test("variables of other programs, and those that are used, are no slips", () => {
  const others =
    "NODE_OPTIONS NODE_PATH HTTP_PROXY REDIS_HOST REDIS_PASSWORD POSTGRES_USER POSTGRES_DB LOG_FILE BUN_INSTALL";
  const ours = "RATE_USER_BURST REGIONS REDIS_URL_EU POSTGRES_URL_NA NGINX_PORT DATA_DIR OTEL_SERVICE_NAME";
  const names = `${others} ${ours} PATH HOME PASSWORD REGION RATE DURATION`.split(" ");
  expect(notesOn(Object.fromEntries(names.map((name) => [name, "x"])))).toEqual([]);
  expect(notesOn({ RATE_USER_BURTS: "", JWT_SECRETS: undefined })).toEqual([]);
});

test("variables that the stack replaces are named in one line", () => {
  expect(notesOn({ JWT_SECRET: "x".repeat(40), HOST: "0.0.0.0", QUEUE_MAX: "7" })).toEqual([
    "npm start sets these variables itself, and does not use yours: JWT_SECRET, HOST",
  ]);
});

test("a value that is not valid is a fault, also of a variable that the stack replaces", () => {
  const env = {
    JWT_SECRET: "short",
    METRICS_PORT: "http",
    NODE_ENV: "prod",
    HOST: "http://x:1",
    REDIS_URL: "x",
    PORT: "1",
  };
  expect(faultsOfReplaced(env)).toEqual([
    "JWT_SECRET must have at least 32 bytes",
    "METRICS_PORT must be a whole number",
    "NODE_ENV must be one of development, production, test",
    "HOST must be an address or a host name, without a scheme and a port",
    "REDIS_URL must be a URL that begins with redis:// or rediss://",
  ]);
  expect(faultsOfReplaced({ NODE_ENV: "production", HOST: "::1", METRICS_PORT: "" })).toEqual([]);
});
