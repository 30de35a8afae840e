import { applyChanges, createClient, LeaderboardError } from "leaderboard-client";

const STYLE = `
  :host { display: block; font: inherit; }
  ol { list-style: none; margin: 0; padding: 0; }
  li { display: grid; grid-template-columns: 3em 1fr auto; padding: 0.25em 0; }
  .score { font-variant-numeric: tabular-nums; }
  [role="status"]:empty { display: none; }
`;

/**
 * A board that follows its changes:
 * `<leaderboard-board url="https://scores.example.com" region="EU" board="main" limit="10">`.
 */
class LeaderboardBoard extends HTMLElement {
  static observedAttributes = ["url", "region", "board", "limit"];

  #list = document.createElement("ol");
  #status = document.createElement("p");
  #stop = new AbortController();

  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.#status.setAttribute("role", "status");
    this.attachShadow({ mode: "open" }).append(style, this.#list, this.#status);
  }

  connectedCallback() {
    void this.#follow(); // never rejects
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected) void this.#follow();
  }

  async #follow() {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const client = createClient({ url: this.getAttribute("url") ?? location.origin });
    const query = {
      region: this.getAttribute("region") ?? undefined,
      board: this.getAttribute("board") ?? undefined,
      limit: Number(this.getAttribute("limit") ?? 10),
    };
    const onLost = () => this.#say("Reconnecting…");
    const onOpen = () => this.#say("");
    let state;
    try {
      for await (const { event, data } of client.live(query, { signal, onLost, onOpen })) {
        if (event === "snapshot") state = data;
        else if (event === "change" && state !== undefined) state = applyChanges(state, data);
        if (state !== undefined) this.#show(state.entries);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#say(error instanceof LeaderboardError ? error.message : String(error));
    }
  }

  #show(entries) {
    this.#list.replaceChildren(
      ...entries.map(({ rank, name, score }) => {
        const row = document.createElement("li");
        row.append(cell("rank", rank), cell("name", name), cell("score", score.toLocaleString()));
        return row;
      }),
    );
  }

  #say(text) {
    this.#status.textContent = text;
  }
}

/** Names are other people's text, so they never become HTML. */
function cell(part, content) {
  const element = document.createElement("span");
  element.className = part;
  element.part = part;
  element.textContent = content;
  return element;
}

customElements.define("leaderboard-board", LeaderboardBoard);
