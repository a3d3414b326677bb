import type { ReactNode } from "react";
import { IntlProvider } from "use-intl";

import messages from "../messages/en.json";

declare module "use-intl" {
  interface AppConfig {
    Locale: "en";
    Messages: typeof messages;
  }
}

const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Gives the tree its words and formats, in the time zone of this machine. */
export function Messages({ children }: { children: ReactNode }) {
  return (
    <IntlProvider locale="en" messages={messages} timeZone={timeZone}>
      {children}
    </IntlProvider>
  );
}
