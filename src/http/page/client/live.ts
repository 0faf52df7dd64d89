import { effect, signal } from '@preact/signals'
import { request, session } from './api.ts'

/** Counts what was saved since the page was opened. Views ask again when it changes. */
export const newest = signal(0)

/** Whether the reader stopped live updates. */
export const isPaused = signal(false)

/** Since when the service has not been reached, in milliseconds since 1970; null while it is. */
export const offlineSince = signal<number | null>(null)

/** What was saved in the same moment is read together, in milliseconds. */
const TOGETHER_MS = 250
const RETRY_MS = 2_000
/** A stream says every 15 seconds that it lives. One that says nothing for longer is opened again. */
const SILENT_MS = 40_000

let isDue = false
let isStarted = false
/** Whether something may have been saved that was not shown, because updates were stopped. */
let isBehind = false

function changed(): void {
  if (isPaused.value) {
    isBehind = true
    return
  }
  if (isDue) return
  isDue = true
  setTimeout(() => {
    isDue = false
    // Somebody may have stopped updates meanwhile.
    if (isPaused.value) isBehind = true
    else newest.value++
  }, TOGETHER_MS)
}

/** Stops live updates, or shows at once what was missed meanwhile. */
export function togglePause(): void {
  isPaused.value = !isPaused.value
  if (!isPaused.value && isBehind) {
    isBehind = false
    newest.value++
  }
}

/**
 * Follows the entries of all runs for as long as the page is open. After each new connection views ask again, so that nothing that was saved
 * while there was none is missing.
 */
export async function followAll(): Promise<void> {
  if (isStarted) return
  isStarted = true
  let last: string | null = null
  for (;;) {
    await signedIn()
    try {
      last = await readStream(last)
    } catch {
      offlineSince.value ??= Date.now()
      // An id that the service no longer knows must not keep the stream closed.
      last = null
    }
    await new Promise((done) => setTimeout(done, RETRY_MS))
  }
}

/** Waits until somebody is signed in. */
function signedIn(): Promise<void> {
  return new Promise((done) => {
    const stop = effect(() => {
      if (!session.value) return
      done()
      queueMicrotask(() => stop())
    })
  })
}

/** Reads one stream to its end. Answers the id of its last event. */
async function readStream(after: string | null): Promise<string | null> {
  const end = new AbortController()
  // A service that hangs answers nothing at all, not even the beginning of its stream.
  let silent = setTimeout(() => end.abort(), SILENT_MS)
  const headers: { [name: string]: string } = after === null ? {} : { 'last-event-id': after }
  const response = await request('/api/v1/events', { headers, signal: end.signal })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  // What was saved after a view was read and before this stream began is in no event of it.
  changed()
  offlineSince.value = null
  let last = after
  for (;;) {
    const { done, value = '' } = await reader.read()
    if (done) return last
    clearTimeout(silent)
    silent = setTimeout(() => end.abort(), SILENT_MS)
    for (const [, id] of value.matchAll(/^id: (\S+)$/gm)) {
      last = id!
      changed()
    }
  }
}
