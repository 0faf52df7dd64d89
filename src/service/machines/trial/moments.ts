// cspell:ignoreRegExp /\b[A-Z0-9]+(?:WRAP|REQUEST|MESSAGE|CALLBACK|PROMISE)\b/
import { createHook } from 'node:async_hooks'
import processes from 'node:child_process'
import files from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/**
 * The moments in a write at which its process can die with another effect on the world: before each call of the file system, a connection or a
 * process, and when a connection or a process answers. Between two of them nothing outside changes by this process.
 */

/** What `async_hooks` calls a request that is about to be made. */
const REQUESTS = [
  'FSREQCALLBACK',
  'FSREQPROMISE',
  'HTTPCLIENTREQUEST',
  'PIPECONNECTWRAP',
  'PROCESSWRAP',
  'SHUTDOWNWRAP',
  'TCPCONNECTWRAP',
  'UDPSENDWRAP',
  'WRITEWRAP',
]
/** What it calls something that answers. */
const ANSWERS = ['HTTPINCOMINGMESSAGE', 'PIPEWRAP', 'PROCESSWRAP', 'TCPWRAP', 'TLSWRAP', 'UDPWRAP']

let onMoment: (() => void) | null = null
let isInstalled = false

/** Does work, and calls `atMoment` at each moment of it, before what comes next. It watches all of this process. */
export async function inMoments<Result>(atMoment: () => void, work: () => Promise<Result>): Promise<Result> {
  watchProcess()
  onMoment = atMoment
  try {
    return await work()
  } finally {
    onMoment = null
  }
}

/** Watches this process from now on, so that connections are known that are made before a write. */
export function watchProcess(): void {
  if (isInstalled) return
  isInstalled = true
  const answering = new Set<number>()
  createHook({
    init(id, type) {
      if (ANSWERS.includes(type)) answering.add(id)
      if (REQUESTS.includes(type)) onMoment?.()
    },
    before(id) {
      if (answering.has(id)) onMoment?.()
    },
    destroy: (id) => void answering.delete(id),
  }).enable()
  // Calls that wait for their answer make no request that a hook sees.
  watchCalls(files, /^(?!exists|.*stat|read|access|realpath|open|close|glob).*Sync$/)
  watchCalls(processes, /^(?:exec|execFile|spawn)Sync$/)
  syncBuiltinESMExports()
}

function watchCalls(module: object, names: RegExp): void {
  const calls = module as { [name: string]: unknown }
  for (const [name, call] of Object.entries(calls)) {
    if (typeof call !== 'function' || !names.test(name)) continue
    calls[name] = Object.assign((...given: unknown[]) => {
      onMoment?.()
      return Reflect.apply(call, calls, given)
    }, call)
  }
}
