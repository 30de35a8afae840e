import { describe, expect, test } from "bun:test";
import { makeCertificates } from "testing/certificates";
import { dirForFile } from "testing/for-file";
import { postgresUrl } from "../service/environment.ts";
import { readPostgresUrl } from "./postgres-url.ts";

const { ca } = await makeCertificates(await dirForFile());
const withQuery = (query: string) => `postgres://ann@db.example/board?${query}`;

describe("a URL", () => {
  test("keeps all of its parts, percent-encoded or not", () => {
    expect(readPostgresUrl("postgresql://ann%40x:p%2Fs%25@db.example:6432/my%20board")).toMatchObject({
      label: "db.example:6432/my%20board",
      hosts: [{ host: "db.example", port: 6432 }],
      user: "ann@x",
      password: "p/s%",
      database: "my board",
    });
  });

  test.each([
    ["postgres://a/b", [{ host: "a", port: 5432 }]],
    [
      "postgres://a:1,b:2,[::1]:3/b",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
        { host: "::1", port: 3 },
      ],
    ],
    ["postgres:///b?host=/run/postgresql&port=5433", [{ host: "/run/postgresql", port: 5433 }]],
    ["postgres://%2Frun%2Fpostgresql/b", [{ host: "/run/postgresql", port: 5432 }]],
    [
      "postgres:///b?host=a,b&port=1,2",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
    ],
    ["postgres:///b", []],
  ])("%s names the hosts %p", (url, hosts) => {
    expect(readPostgresUrl(url).hosts).toEqual(hosts);
  });

  test("of several hosts looks for the one that takes writes", () => {
    expect(readPostgresUrl("postgres://a,b/c").sessions).toBe("read-write");
    expect(readPostgresUrl("postgres://a,b/c?target_session_attrs=any").sessions).toBe("read-write");
    expect(readPostgresUrl("postgres://a,b/c?target_session_attrs=primary").sessions).toBe("primary");
    expect(readPostgresUrl("postgres://a/c?target_session_attrs=any").sessions).toBeUndefined();
  });
});

test.each([
  ["application_name=game", { applicationName: "game" }],
  ["fallback_application_name=game", { applicationName: "game" }],
  ["connect_timeout=1", { connectTimeoutSeconds: 1 }],
  ["options=-c%20search_path%3Dgame", { settings: { options: "-c search_path=game" } }],
  ["options=endpoint%3Dep-cool-1234", { settings: { options: "endpoint=ep-cool-1234" } }],
  ["search_path=game&jit=off", { settings: { search_path: "game", jit: "off" } }],
  ["timezone=UTC&DateStyle=ISO", { settings: { timezone: "UTC", DateStyle: "ISO" } }],
  ["neon.timeout=1", { settings: { "neon.timeout": "1" } }],
  ["sslnegotiation=direct&sslmode=require", { isTlsDirect: true }],
  ["sslmode=require&channel_binding=require", { unkept: ["channel_binding"] }],
])("the parameters %s are honoured", (query, expected) => {
  expect(readPostgresUrl(withQuery(query))).toMatchObject(expected);
});

test.each([
  "gssencmode=disable",
  "gssencmode=prefer",
  "channel_binding=prefer",
  "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=1000",
  "krbsrvname=postgres&gsslib=gssapi&gssdelegation=0",
  "sslsni=1&sslcompression=0&sslcertmode=allow",
  "client_encoding=UTF8&replication=false",
  "load_balance_hosts=disable&max_protocol_version=3.2",
  "pgbouncer=true&connection_limit=1&pool_timeout=0",
  "statement_timeout=1&idle_in_transaction_session_timeout=1",
])("the parameters %s are left out", (query) => {
  const { settings, unkept } = readPostgresUrl(withQuery(query));
  expect([settings, unkept]).toEqual([{}, []]);
});

test.each([
  ["gssencmode=require", /has gssencmode=require, but this client has no GSSAPI/],
  ["client_encoding=LATIN1", /has client_encoding=LATIN1, but the drainer speaks UTF8/],
  ["replication=database", /has replication=database/],
  ["service=game", /has service=game/],
  ["passfile=/root/.pgpass", /has passfile/],
  ["require_auth=scram-sha-256", /has require_auth/],
  ["hostaddr=10.0.0.7", /has hostaddr=10.0.0.7, but write the address in place of the host/],
  ["sslcrl=/crl.pem", /has sslcrl/],
  ["schema=game", /options=-c%20search_path/],
  ["target_session_attrs=standby", /has target_session_attrs=standby, but the drainer writes/],
  ["connect_timeout=soon", /has connect_timeout=soon/],
  ["sslmode=always", /has sslmode=always, which is none of disable/],
  ["sslmode=verify-ca&sslrootcert=/no/such/file", /names a file in sslrootcert that cannot be read/],
  ["sslnegotiation=later", /has sslnegotiation=later/],
  ["sslmode=require&ssl_min_protocol_version=SSLv3", /has ssl_min_protocol_version=SSLv3/],
  ["a b=1", /has a parameter "a b"/],
  ["fooo=1", /^has a parameter fooo, which neither libpq nor PostgreSQL knows; .* options=-c%20fooo%3D…$/],
  ["ssl_mode=require", /^has a parameter ssl_mode, which .* knows; did you mean sslmode\?$/],
  ["sslrootcrt=/ca.pem", /did you mean sslrootcert\?/],
  ["aplication_name=game", /did you mean application_name\?/],
  ["work_men=5MB", /did you mean work_mem\?/],
])("the parameters %s are refused at the start, by name", (query, message) => {
  expect(postgresUrl.safeParse(withQuery(query)).error?.issues[0]?.message).toMatch(message);
});

test.each([
  ["mysql://a/b", /must be a URL that begins with postgres:\/\/ or postgresql:\/\//],
  ["postgres://ann:a/b@c/d", /must have host or host:port/],
  ["postgres://a:99999/b", /must have host or host:port/],
  ["postgres://ann:50%@a/b", /has a % in the password/],
])("%s is refused with what is wrong", (url, message) => {
  expect(postgresUrl.safeParse(url).error?.issues[0]?.message).toMatch(message);
});

test.each([
  ["", undefined],
  ["sslmode=disable", false],
  ["sslmode=allow", "prefer"],
  ["sslmode=prefer", "prefer"],
  ["sslmode=require", { rejectUnauthorized: false }],
  ["sslmode=no-verify", { rejectUnauthorized: false }],
  ["sslmode=verify-full", { rejectUnauthorized: true }],
  ["ssl=true", { rejectUnauthorized: true }],
  ["sslrootcert=system", { rejectUnauthorized: true }],
  [`sslmode=require&sslrootcert=${ca}`, { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) }],
  ["sslmode=verify-full&ssl_min_protocol_version=TLSv1.3", { rejectUnauthorized: true, minVersion: "TLSv1.3" }],
])("TLS by %p is %p", (query, ssl) => {
  const read = readPostgresUrl(withQuery(query)).ssl;
  if (typeof ssl === "object") expect(read).toMatchObject(ssl);
  else expect(read).toBe(ssl as never);
});
