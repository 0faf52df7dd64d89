import { useState } from 'preact/hooks'
import type { Problem } from '../client/answers.ts'
import { postJson } from '../client/api.ts'
import { problemFrom } from '../client/use-answer.ts'
import { Copy, Trouble } from './small.tsx'

/** For how long a read-only link counts. */
const LIFE = '2d'

/**
 * Makes a link that decides nothing. It shows the gate at which the run waits and ends when the run leaves it; of a run that waits at no gate it
 * shows the run. An admin makes it, because it is a token.
 */
export function Share({ runId, isGate }: { runId: string; isGate: boolean }) {
  const [link, setLink] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const make = async () => {
    setProblem(null)
    const name = `link-${runId.slice(-8)}-${Date.now().toString(36)}`
    const body = { name, role: 'viewer', run: runId, expires: LIFE }
    try {
      const { token } = await postJson<{ token: string }>('/api/v1/tokens', body)
      setLink(`${location.origin}/runs/${runId}${isGate ? '/gate' : ''}#token=${token}`)
    } catch (error) {
      setProblem(problemFrom(error))
    }
  }
  return (
    <>
      {link === null ? (
        <button type="button" onClick={make}>
          {isGate ? 'Read-only link to this gate' : 'Read-only link'}
        </button>
      ) : (
        <p class="notice good" role="status">
          {isGate
            ? 'Shows this gate alone, decides nothing, and ends when the run leaves the gate, or after two days:'
            : 'Counts for two days, shows this run alone, and decides nothing:'}{' '}
          <Copy text={link} label="copy the link" what="link" />
        </p>
      )}
      <Trouble problem={problem} />
    </>
  )
}
