/** The mark: five bars, tallest in the middle. */
export function Gable() {
  return (
    <svg className="gable" viewBox="0 0 24 24" aria-hidden>
      <path d="M4 20v-5M8 20v-9M12 20V4M16 20v-9M20 20v-5" />
    </svg>
  );
}
