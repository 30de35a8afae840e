const SLIDE_MS = 450;
const FADE_MS = 300;
// More rows at once would pass through each other, and no name could be read.
const SLIDES_MAX = 3;

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

const topOf = (element: Element) => element.getBoundingClientRect().top;

/**
 * Notes where elements stand, before they move.
 *
 * @returns a function to call after the move: it slides a few moved elements from their former
 *   places, and fades in many, and new ones
 */
export function noteMoves(elements: Iterable<HTMLElement>): (now: Iterable<HTMLElement>) => void {
  if (reducedMotion.matches) return () => {};
  const tops = new Map(Array.from(elements, (element) => [element, topOf(element)]));
  return (now) => {
    const all = [...now];
    for (const element of all) for (const moving of element.getAnimations()) moving.cancel();
    const moves = all.map((element) => ({ element, by: (tops.get(element) ?? Number.NaN) - topOf(element) }));
    const slides = moves.filter(({ by }) => Number.isFinite(by) && by !== 0);
    for (const { element, by } of moves) {
      if (by === 0) continue;
      if (Number.isNaN(by) || slides.length > SLIDES_MAX) element.animate([{ opacity: 0 }, {}], FADE_MS);
      else slide(element, by);
    }
  };
}

/** A row that climbs passes in front of the others. */
function slide(element: HTMLElement, by: number): void {
  element.classList.toggle("is-rising", by > 0);
  const animation = element.animate([{ transform: `translateY(${by}px)` }, {}], {
    duration: SLIDE_MS,
    easing: "ease-in-out",
  });
  const end = () => element.classList.remove("is-rising");
  animation.addEventListener("finish", end);
  animation.addEventListener("cancel", end);
}
