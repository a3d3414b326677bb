import { createContext } from "react";

/**
 * Where menus put their popups: an element inside a landmark or a dialog, so that what they hold is not outside of the
 * page's structure for screen readers. Null is the end of the document.
 */
export const MenuHost = createContext<HTMLElement | null>(null);
