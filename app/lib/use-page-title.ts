import { useEffect } from "react";

/** Names the browser tab "title · Latchkey". */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Latchkey`;
  }, [title]);
}
