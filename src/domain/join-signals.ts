/** A signal that aborts with the first of several. Whoever made it releases it, so that it leaves nothing at signals that live longer. */
export interface JoinedSignal {
  signal: AbortSignal
  release(): void
}

/**
 * Joins signals, and a time in milliseconds. Its reason is that of the first, or a `TimeoutError`.
 *
 * A controller of its own, since Node collects what only `AbortSignal.any` refers to: a time-out of Node 20 then never fires, and what waits for
 * it never ends (https://github.com/nodejs/node/issues/57736, https://github.com/nodejs/node/issues/65995).
 */
export function joinSignals(sources: AbortSignal[], ms?: number): JoinedSignal {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const release = () => {
    clearTimeout(timer)
    for (const source of sources) source.removeEventListener('abort', aborted)
  }
  const aborted = ({ target }: { target: unknown }) => end((target as AbortSignal).reason)
  const end = (reason: unknown) => {
    release()
    controller.abort(reason)
  }
  for (const source of sources) source.addEventListener('abort', aborted, { once: true })
  if (ms !== undefined) {
    timer = setTimeout(() => end(new DOMException('the time is over', 'TimeoutError')), ms)
  }
  const first = sources.find((source) => source.aborted)
  if (first !== undefined) end(first.reason)
  return { signal: controller.signal, release }
}

/** Works with joined signals, and releases them. */
export async function withJoinedSignals<T>(
  { sources, ms }: { sources: AbortSignal[]; ms?: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, release } = joinSignals(sources, ms)
  try {
    return await work(signal)
  } finally {
    release()
  }
}
