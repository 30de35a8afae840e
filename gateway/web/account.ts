import { LeaderboardError } from "leaderboard-client";
import type { Session } from "shared/api/accounts";
import type { Entry } from "shared/api/entries";
import { client } from "./client.ts";
import { byId, create, fieldOf } from "./dom.ts";
import { formatNumber, formatScore, formatSigned, parsePoints, type ScoreFormat } from "./format.ts";
import { type Refusal, toRefusal } from "./refusal.ts";
import { loadSession, saveSession } from "./session.ts";

export interface AccountOptions {
  regions: readonly string[];
  registrationOpen: boolean;
  board: () => string;
  /** How the board shows its scores. */
  format: () => ScoreFormat;
  /** Called after a login, a logout and a score. */
  onChange: () => void;
}

/** The forms to log in, to register and to add points. */
export function createAccount({ regions, registrationOpen, board, format, onChange }: AccountOptions) {
  const enter = byId("enter", HTMLFormElement);
  const submit = byId("submit", HTMLFormElement);
  const result = byId("submit-result", HTMLElement);
  const delta = fieldOf(submit, "delta");
  let session = loadSession();

  fieldOf(enter, "region").append(...regions.map((name) => create("option", "", name)));
  byId("ways", HTMLElement).hidden = !registrationOpen;
  const isRegistering = () => registrationOpen && new FormData(enter).get("way") === "register";

  function showWay(): void {
    const way = isRegistering() ? "Register" : "Log in";
    byId("enter-button", HTMLElement).textContent = way;
    byId("enter-region", HTMLElement).hidden = !isRegistering();
    byId("enter-hint", HTMLElement).hidden = isRegistering();
    fieldOf(enter, "password").setAttribute("autocomplete", isRegistering() ? "new-password" : "current-password");
    showRefusal(enter, undefined);
  }

  function show(): void {
    enter.hidden = session !== undefined;
    submit.hidden = session === undefined;
    const { user } = session ?? {};
    byId("who", HTMLElement).replaceChildren(create("bdi", "", user?.name), ` · ${user?.region ?? ""}`);
    result.textContent = "";
    showRefusal(submit, undefined);
  }

  function changeSession(next: Session | undefined): void {
    session = next;
    saveSession(next);
    show();
    onChange();
  }

  function requestSession(): Promise<Session> {
    const [user_id, name, region, password] = ["user_id", "name", "region", "password"].map(
      (field) => fieldOf(enter, field).value,
    ) as [string, string, string, string];
    const secret = password || undefined;
    if (isRegistering()) return client.register({ user_id, name, region, password: secret });
    return client.login({ user_id, name: name || undefined, password: secret });
  }

  async function enterOnce(): Promise<void> {
    try {
      const next = await requestSession();
      fieldOf(enter, "password").value = "";
      showRefusal(enter, undefined);
      changeSession(next);
      delta.focus();
    } catch (error) {
      showRefusal(enter, toRefusal(error));
    }
  }

  async function submitOnce(): Promise<void> {
    // It would stand below a refusal of these points.
    result.textContent = "";
    const points = parsePoints(delta.value);
    if (typeof points === "string") return showRefusal(submit, { detail: points, fields: ["delta"] });
    try {
      const player = client.as(session?.token ?? "");
      const { score, rank } = await player.addScore({ delta: points, board: board() });
      showRefusal(submit, undefined);
      delta.value = "";
      const place = rank === null ? "" : `, rank ${formatNumber(rank)} in ${session?.user.region}`;
      result.textContent = `${formatSigned(points)}: now ${formatScore(score, format())}${place}`;
      onChange();
    } catch (error) {
      if (error instanceof LeaderboardError && error.status === 401) changeSession(undefined);
      showRefusal(session === undefined ? enter : submit, toRefusal(error));
    }
  }

  onSubmit(enter, enterOnce);
  onSubmit(submit, submitOnce);
  byId("ways", HTMLElement).addEventListener("change", showWay);
  byId("leave", HTMLElement).addEventListener("click", () => {
    changeSession(undefined);
    fieldOf(enter, "user_id").focus();
  });
  showWay();
  show();

  return {
    /** The id of the player who is logged in. */
    userId: () => session?.user.user_id,
    isYou: (entry: Entry) => entry.user_id === session?.user.user_id && entry.region === session.user.region,
  };
}

/** Runs `act` on submit, once at a time. */
function onSubmit(form: HTMLFormElement, act: () => Promise<void>): void {
  const button = form.querySelector("button:not([type])");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!(button instanceof HTMLButtonElement) || button.disabled) return;
    button.disabled = true;
    void act().finally(() => {
      button.disabled = false;
    });
  });
}

/** Shows a refusal and marks its fields; `undefined` clears both. */
function showRefusal(form: HTMLFormElement, refusal: Refusal | undefined): void {
  for (const marked of form.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  byId(`${form.id}-message`, HTMLElement).textContent = refusal?.detail ?? "";
  const wrong = (refusal?.fields ?? []).map((name) => form.elements.namedItem(name)).filter((each) => each !== null);
  for (const field of wrong) if (field instanceof HTMLElement) field.setAttribute("aria-invalid", "true");
  if (wrong[0] instanceof HTMLElement) wrong[0].focus();
}
