import type { Entry } from "shared/answers";
import { type Answer, post, type Refusal } from "./api.ts";
import { byId, create, fieldOf } from "./dom.ts";
import { formatNumber, formatSigned, parsePoints } from "./format.ts";
import { loadSession, type Session, saveSession } from "./session.ts";

export interface AccountOptions {
  regions: readonly string[];
  registrationOpen: boolean;
  board: () => string;
  /** Called when somebody has come or gone. */
  onChange: () => void;
}

const RETRY_MS = 1_000;

/** Logging in, registering, and submitting scores. */
export function createAccount({ regions, registrationOpen, board, onChange }: AccountOptions) {
  const enter = byId("enter", HTMLFormElement);
  const submit = byId("submit", HTMLFormElement);
  const result = byId("submit-result", HTMLElement);
  const delta = fieldOf(submit, "delta");
  let session = loadSession();

  const region = fieldOf(enter, "region");
  region.append(...regions.map((name) => create("option", "", name)));
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

  async function enterNow(): Promise<void> {
    const fields = Object.fromEntries(
      [...new FormData(enter)].filter(([name, value]) => name !== "way" && value !== ""),
    );
    const { region: home, ...rest } = fields;
    const answer = isRegistering()
      ? await post<Session>("/auth/register", { ...rest, region: home })
      : await post<Session>("/auth/login", rest);
    if (!answer.ok) return tell(enter, answer.refusal);
    const way = fieldOf(enter, "password");
    way.value = "";
    tell(enter, undefined);
    take(answer.value);
    delta.focus();
  }

  async function submitNow(): Promise<void> {
    const points = parsePoints(delta.value);
    if (points === undefined) {
      const detail = "Say how many points: a whole number, also a negative one.";
      return tell(submit, { status: 0, code: "", detail, fields: ["delta"], isPassing: false });
    }
    const answer = await add(points);
    if (!answer.ok) {
      if (answer.refusal.status === 401) take(undefined);
      return tell(session === undefined ? enter : submit, answer.refusal);
    }
    tell(submit, undefined);
    delta.value = "";
    const { score, rank } = answer.value;
    const place = rank === null ? "" : `, rank ${formatNumber(rank)} in ${session?.user.region}`;
    result.textContent = `${formatSigned(points)}: now ${formatNumber(score)}${place}`;
  }

  /** Adds, and once more where nobody said whether it was done: under the same key it counts once. */
  async function add(points: number): Promise<Answer<Entry>> {
    const headers = { Authorization: `Bearer ${session?.token}`, "Idempotency-Key": newKey() };
    const send = () => post<Entry>("/score/add", { delta: points, board: board() }, headers);
    const first = await send();
    if (first.ok || !first.refusal.isPassing) return first;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return send();
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

/** Not `randomUUID`, which pages over plain HTTP do not have. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");

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
