/**
 * The text that the stack prints when it is ready: its address, and three requests to try. Their
 * player is not the one of the README, which a reader may run as well.
 */
export function welcome(port: number, dataDir: string, passwordsRequired: boolean): string {
  const url = `http://127.0.0.1:${port}`;
  const json = `-H 'Content-Type: application/json'`;
  const password = passwordsRequired ? ', "password": "correct horse"' : "";
  const demo = ["./lb demo"];
  if (passwordsRequired) demo.push("--password 'correct horse'");
  const login = `'{"user_id": "alan", "name": "Alan"${password}}'`;
  return `
Leaderboard is ready at ${url} (open it in a browser, too)

  Register a player:
    curl ${url}/auth/register ${json} -d '{"user_id": "alan", "name": "Alan", "region": "EU"${password}}'
  Log in and submit:
    TOKEN=$(curl -s ${url}/auth/login ${json} -d ${login} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
    curl ${url}/score/add ${json} -H "Authorization: Bearer $TOKEN" -d '{"delta": 10}'
  Read:
    curl '${url}/top?region=EU&limit=10'

${passwordsRequired ? "" : "Passwords are optional here, since only this machine can connect. Require them on an open network.\n"}\
A thousand players at once: ${demo.join(" ")}
The data is kept in ${dataDir}; \
--fresh starts without it. Ctrl-C stops everything.
`;
}
