import { adviceWords } from '../client/advice.ts'
import { Shown } from './shown.tsx'

/** What to do next, in words; the exact text, as the command line has it, stands behind. */
export function Advice({ text, lead }: { text: string; lead: string }) {
  const spoken = adviceWords(text)
  return (
    <div class="next">
      <p>
        {lead}: <Shown text={spoken} />
      </p>
      {spoken !== text && (
        <details>
          <summary>For the command line</summary>
          <p>
            <code>
              <Shown text={text} />
            </code>
          </p>
        </details>
      )}
    </div>
  )
}
