import type { Artifact } from './build-artifact.ts'

interface KeptArtifact {
  artifact: Artifact
  timer: NodeJS.Timeout
}

/** How long a tar waits for the phase that sends it. */
const IDLE_MS = 60_000

/** The tar that the last check at a gate has built, for the phase after it in this process. It lies in a private folder. */
let kept: KeptArtifact | null = null

/** Keeps a tar instead of the one before. */
export async function keepArtifact(artifact: Artifact): Promise<void> {
  const before = forget()
  const timer = setTimeout(() => {
    if (kept?.artifact === artifact) void forget()?.dispose()
  }, IDLE_MS)
  timer.unref()
  kept = { artifact, timer }
  await before?.dispose()
}

/** Takes the kept tar if it has these bytes. Whoever takes it disposes of it. */
export function takeArtifact(sha256: string): Artifact | null {
  return kept?.artifact.sha256 === sha256 ? forget() : null
}

function forget(): Artifact | null {
  const artifact = kept?.artifact ?? null
  clearTimeout(kept?.timer)
  kept = null
  return artifact
}
