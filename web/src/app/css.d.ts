import "react";

/** Custom properties that components set; everything else belongs in a style sheet. */
declare module "react" {
  interface CSSProperties {
    "--cols"?: number;
  }
}
