export const REINTRODUCED: {
  [fault: string]: { edits: { file: string; from: string; to: string }[]; hasFences?: boolean }
}
