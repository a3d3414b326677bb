import { useSyncExternalStore } from "react";

// Less than this is a trembling hand, not someone who reads further down.
const MIN_PX = 40;

/** Whether the page is scrolled away from its top. */
export function useScrolled(): boolean {
  return useSyncExternalStore(subscribe, () => window.scrollY > MIN_PX);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("scroll", listener, { passive: true });
  return () => window.removeEventListener("scroll", listener);
}
