import DefaultTheme from "vitepress/theme";
import { Diagram } from "./diagram.ts";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("Diagram", Diagram);
  },
};
