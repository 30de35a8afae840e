import mermaidUrl from "@mermaid-js/tiny/dist/mermaid.tiny.js?url";
import { useData } from "vitepress";
import { defineComponent, h, onMounted, ref, watch } from "vue";

interface Mermaid {
  initialize(options: typeof OPTIONS & { theme: string }): void;
  render(id: string, source: string): Promise<{ svg: string }>;
}

declare global {
  interface Window {
    mermaid: Mermaid;
  }
}

// Texts of HTML would be measured with other styles than those of a page. Six columns fit a page.
const OPTIONS = { startOnLoad: false, htmlLabels: false, sequence: { width: 90, actorMargin: 30 } };

let loading: Promise<Mermaid> | undefined;
let drawn = 0;

/** Mermaid, 0.8 MB compressed, from this site. Only a page that has a diagram loads it. */
function loadMermaid(): Promise<Mermaid> {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = mermaidUrl;
    script.onload = () => resolve(window.mermaid);
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

/** A diagram. Its source stands there until it is drawn, and stays where scripts do not run. */
export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup(props) {
    const source = decodeURIComponent(props.source);
    const { isDark } = useData();
    const svg = ref("");
    const draw = async () => {
      const mermaid = await loadMermaid();
      mermaid.initialize({ ...OPTIONS, theme: isDark.value ? "dark" : "default" });
      drawn += 1;
      svg.value = (await mermaid.render(`diagram-${drawn}`, source)).svg;
    };
    onMounted(draw);
    watch(isDark, draw);
    return () => (svg.value === "" ? h("pre", source) : h("div", { class: "diagram", innerHTML: svg.value }));
  },
});
