import { useEffect, useRef } from "react";

/**
 * Runs `action` when a single key is pressed ("c", "/", "?"), unless someone is typing, a modifier is held or a modal
 * dialog is open. "mod+k" is Ctrl or ⌘ and works while typing too.
 */
export function useShortcut(key: string, action: () => void): void {
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });

  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (event.defaultPrevented || event.repeat || !matches(event, key)) return;
      if (document.querySelector("[data-modal]") !== null) return;
      event.preventDefault();
      latest.current();
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [key]);
}

function matches(event: KeyboardEvent, key: string): boolean {
  if (key.startsWith("mod+")) {
    return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === key.slice(4);
  }
  return event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}
