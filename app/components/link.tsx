import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";

import { cn } from "../lib/cn.ts";
import { buttonStyles } from "./button.tsx";

/** A link inside text. */
export const TextLink = createLink(function TextLinkAnchor({ className, ...props }: ComponentProps<"a">) {
  return (
    // oxlint-disable-next-line jsx-a11y/anchor-has-content -- The content is in the props.
    <a
      {...props}
      className={cn("rounded-[4px] font-medium text-accent underline-offset-4 hover:underline", className)}
    />
  );
});

/** A link that looks like a button, for going somewhere rather than doing something. */
export const ButtonLink = createLink(function ButtonLinkAnchor({ className, ...props }: ComponentProps<"a">) {
  // oxlint-disable-next-line jsx-a11y/anchor-has-content -- The content is in the props.
  return <a {...props} className={cn(buttonStyles(), className)} />;
});
