import { z } from 'zod'
import { followRuns } from '../../service/runs/follow.ts'
import { endpoint } from '../endpoint.ts'
import { endOfStream, eventStream, readLastEventId } from '../event-stream.ts'

/** What happens to runs, as it happens. */
export const EVENT_ENDPOINTS = [
  endpoint('get', '/api/v1/events', {
    summary:
      'Server-sent events: the entries of all runs, from Last-Event-ID on, or as they are saved from now on',
    answer: 'text/event-stream',
    isStream: true,
    query: {
      from: z.enum(['now', 'start']).default('now').describe('Where to begin without Last-Event-ID.'),
    },
    async reply({ home, query, lastEventId, assertTokenCounts }) {
      const after = readLastEventId(lastEventId) ?? (query.from === 'start' ? 'start' : null)
      const entries = await followRuns(home, after, endOfStream())
      return { content: eventStream(entries, assertTokenCounts), type: 'text/event-stream' }
    },
  }),
]
