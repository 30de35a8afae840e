import type { Session } from "shared/api/accounts";
import type { Entry } from "shared/api/entries";
import { LeaderboardError } from "shared/client/errors";
import { client } from "./client.ts";
import { byId, create, fieldOf } from "./dom.ts";
import { formatNumber, formatSigned, parsePoints } from "./format.ts";
import { type Refusal, toRefusal } from "./refusal.ts";
import { loadSession, saveSession } from "./session.ts";

export interface AccountOptions {
  regions: readonly string[];
  registrationOpen: boolean;
  board: () => string;
  /** Called when somebody has come or gone. */
  onChange: () => void;
}

/** Logging in, registering, and submitting scores. */
export function createAccount({ regions, registrationOpen, board, onChange }: AccountOptions) {
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
    tell(enter, undefined);
  }

  function show(): void {
    enter.hidden = session !== undefined;
    submit.hidden = session === undefined;
    const { user } = session ?? {};
    byId("who", HTMLElement).replaceChildren(create("bdi", "", user?.name), ` · ${user?.region ?? ""}`);
    result.textContent = "";
    tell(submit, undefined);
  }

  function take(next: Session | undefined): void {
    session = next;
    saveSession(next);
    show();
    onChange();
  }

  function enterBy(): Promise<Session> {
    const [user_id, name, region, password] = ["user_id", "name", "region", "password"].map(
      (field) => fieldOf(enter, field).value,
    ) as [string, string, string, string];
    const secret = password === "" ? {} : { password };
    if (isRegistering()) return client.register({ user_id, name, region, ...secret });
    return client.login({ user_id, ...(name === "" ? {} : { name }), ...secret });
  }

  async function enterNow(): Promise<void> {
    try {
      const next = await enterBy();
      fieldOf(enter, "password").value = "";
      tell(enter, undefined);
      take(next);
      delta.focus();
    } catch (error) {
      tell(enter, toRefusal(error));
    }
  }

  async function submitNow(): Promise<void> {
    const points = parsePoints(delta.value);
    if (points === undefined) {
      return tell(submit, { detail: "Say how many points: a whole number, also a negative one.", fields: ["delta"] });
    }
    try {
      const player = client.as(session?.token ?? "");
      const { score, rank } = await player.addScore({ delta: points, board: board() });
      tell(submit, undefined);
      delta.value = "";
      const place = rank === null ? "" : `, rank ${formatNumber(rank)} in ${session?.user.region}`;
      result.textContent = `${formatSigned(points)}: now ${formatNumber(score)}${place}`;
    } catch (error) {
      if (error instanceof LeaderboardError && error.status === 401) take(undefined);
      tell(session === undefined ? enter : submit, toRefusal(error));
    }
  }

  onSubmit(enter, enterNow);
  onSubmit(submit, submitNow);
  byId("ways", HTMLElement).addEventListener("change", showWay);
  byId("leave", HTMLElement).addEventListener("click", () => {
    take(undefined);
    fieldOf(enter, "user_id").focus();
  });
  showWay();
  show();

  return {
    isYou: (entry: Entry) => entry.user_id === session?.user.user_id && entry.region === session.user.region,
  };
}

/** One submission at a time. */
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

/** Says what was wrong, and marks the fields that were; nothing wipes both. */
function tell(form: HTMLFormElement, refusal: Refusal | undefined): void {
  for (const marked of form.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  byId(`${form.id}-message`, HTMLElement).textContent = refusal?.detail ?? "";
  const wrong = (refusal?.fields ?? []).map((name) => form.elements.namedItem(name)).filter((each) => each !== null);
  for (const field of wrong) if (field instanceof HTMLElement) field.setAttribute("aria-invalid", "true");
  if (wrong[0] instanceof HTMLElement) wrong[0].focus();
}
