import { BookOpen, KeyRound, Settings } from "lucide-react";

/** The pages of the rail, in order. */
export const navItems = [
  { id: "keys", to: "/o/$slug/keys", icon: KeyRound },
  { id: "settings", to: "/o/$slug/settings", icon: Settings },
  { id: "docs", to: "/docs", icon: BookOpen },
] as const;
