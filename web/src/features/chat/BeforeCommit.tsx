import { Component } from "react";

/** Runs something while the page still looks as it did, right before the change is put on the screen. Hooks have no such moment. */
export class BeforeCommit extends Component<{ when: boolean; run: () => void }> {
  override getSnapshotBeforeUpdate(): null {
    if (this.props.when) this.props.run();
    return null;
  }

  override componentDidUpdate(): void {}

  override render(): null {
    return null;
  }
}
