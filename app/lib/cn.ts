import { extendTailwindMerge } from "tailwind-merge";

// The type scale and radii are our own names; without this, `text-sm` would be taken for a colour beside `text-muted`.
const merge = extendTailwindMerge({
  extend: {
    theme: {
      text: ["sm", "base", "lg", "xl", "2xl"],
      radius: ["control", "surface"],
      shadow: ["float"],
    },
  },
});

type ClassValue = string | false | null | undefined;

/** Joins class names; of two that set the same property the later one wins. `cn("p-2", wide && "p-4")`. */
export function cn(...classes: ClassValue[]): string {
  return merge(classes);
}
