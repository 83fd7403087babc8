import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { describeFailure, Problem } from "@/client";

/** Words for refusals that the interface can say better, or in another language, than the instance did. */
const WORDS: Record<string, MessageDescriptor> = {
  offline: msg`The server does not answer right now. Nothing is lost; try again in a moment.`,
  "auth.wrong_credentials": msg`Name and password do not belong together. Check both and try again.`,
  "auth.invite_required": msg`An account here needs an invite link. Ask somebody who is already inside.`,
  "auth.registration_closed": msg`This place takes no new people right now.`,
  "auth.setup_token_invalid": msg`This owner key is not the one in the terminal. Copy the link again.`,
  "auth.password_short": msg`The password is too short. A few unrelated words make a good one.`,
  "user.owner_exists": msg`This place has an owner already. Log in instead.`,
  "user.username_invalid": msg`Use 2 to 32 letters, digits, dots or underscores.`,
  "user.display_name_invalid": msg`Use 1 to 32 characters.`,
  "user.email_invalid": msg`This does not look like an email address.`,
  "user.username_taken": msg`That name is taken here. Try another.`,
  "permission.denied": msg`Your roles do not allow this here. Ask somebody who looks after the server.`,
};

export interface Refusal {
  code: string;
  /** Words of ours, or else those of the instance. */
  words: MessageDescriptor | string;
  /** What belongs to a single field of the form, by field name. */
  fields: Record<string, string>;
}

/** What a failed act says to the person. */
export function refusalOf(error: unknown): Refusal {
  const { code, detail } = describeFailure(error);
  const fields = error instanceof Problem ? Object.fromEntries(error.errors.map((entry) => [entry.field, entry.detail])) : {};
  return { code, words: WORDS[code] ?? detail, fields };
}
