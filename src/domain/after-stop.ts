import { STOP_CODES } from './stop-codes.ts'

/** What can help a stopped run: to resume it once the cause is gone, or another run in its place. */
export type AfterStop = 'resume' | 'another-run'

const RESUME = /\b(?:resume|resumes|resumed|repeat the dry run)\b/i
/** What a run that can't be helped is exchanged for. “Or cancel this run …” comes after a cause that can be removed. */
const ANOTHER =
  /\bstart(?: the run)?(?: with| another| a new| one| again)\b|\banother run\b|\bcancel\b|\bcan be cancelled\b/i
const OTHERWISE = /[,;.] or (?:cutter run )?(?:cancel|start)\b/i
const USELESS = /\bcan be cancelled\b/i

/**
 * What can help a stopped run, as its own advice says, else as its code does. Null where neither names a way: then a person has to find
 * out first. Advice that names both is followed in its order.
 */
export function afterStop({
  code,
  next = '',
}: {
  code: string
  next?: string | undefined
}): AfterStop | null {
  const known = Object.hasOwn(STOP_CODES, code) ? STOP_CODES[code as keyof typeof STOP_CODES].next : ''
  return wayIn(next) ?? wayIn(known)
}

function wayIn(advice: string): AfterStop | null {
  const [resume, another, otherwise] = [RESUME, ANOTHER, OTHERWISE].map((words) => advice.search(words))
  if (another === -1) return resume === -1 ? null : 'resume'
  if (resume !== -1 && resume! < another!) return 'resume'
  return otherwise !== -1 && otherwise! < another! && !USELESS.test(advice) ? 'resume' : 'another-run'
}
