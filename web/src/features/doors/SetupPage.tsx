import "@/styles/doors.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { Check, Shield } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { paths } from "@/app/paths";
import { usePageTitle } from "@/app/title";
import { useHub } from "@/app/client";
import { Gable } from "@/ui/Gable";
import { Icon } from "@/ui/Icon";
import { keyFromAddress, STEPS, type Step } from "./SetupModel";
import { AccountStep, KeyStep, NameStep, ReachStep } from "./SetupSteps";

/** First run: from the key in the terminal to a house with a door. */
export function SetupPage() {
  const { t } = useLingui();
  usePageTitle(t`First run`);
  const [, go] = useLocation();
  const signedIn = useHub((state) => state.account.phase === "signed-in");
  const [key, setKey] = useState(() => keyFromAddress(window.location));
  const [step, setStep] = useState<Step>(signedIn ? "name" : key ? "account" : "key");
  const [server, setServer] = useState<string | null>(null);
  return (
    <main className="door setup">
      <div className="setup-in">
        <div className="setup-l">
          <div className="mark"><Gable /><b>Hubbub</b></div>
          <Steps step={step} />
          <p className="fine">
            <Icon of={Shield} />
            <span><Trans>Nothing leaves this machine. Hubbub has no central service and sends no statistics.</Trans></span>
          </p>
        </div>
        <div className="setup-r">
          {step === "key" && <KeyStep value={key} onDone={(given) => { setKey(given); setStep("account"); }} />}
          {step === "account" && <AccountStep ownerKey={key} onBack={() => setStep("key")} onDone={() => setStep("name")} />}
          {step === "name" && <NameStep onDone={(id) => { setServer(id); setStep("reach"); }} />}
          {step === "reach" && <ReachStep onDone={() => go(server ? paths.server(server) : paths.home)} />}
        </div>
      </div>
    </main>
  );
}

function Steps({ step }: { step: Step }) {
  const { t } = useLingui();
  const words: Record<Step, [string, string]> = {
    key: [t`Owner key`, t`from your terminal`],
    account: [t`Your account`, t`the first person in the house`],
    name: [t`Name and address`, t`what people will see`],
    reach: [t`Can people reach you?`, t`address, voice, certificate`],
  };
  const at = STEPS.indexOf(step);
  return (
    <ol className="steps">
      {STEPS.map((name, index) => (
        <li key={name} className={index < at ? "done" : ""} aria-current={index === at ? "step" : undefined}>
          <span className="step-n">{index < at ? <Icon of={Check} /> : index + 1}</span>
          <span>
            {words[name][0]}
            <small>{words[name][1]}</small>
          </span>
        </li>
      ))}
    </ol>
  );
}
