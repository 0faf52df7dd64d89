import { Stop } from '../../../domain/errors.ts'

/** One stop for all hosts: the code of the first, and what each of them says. */
export function joinStops(stops: [host: string, stop: Stop][]): Stop {
  const [, first] = stops[0]!
  const { code, next } = first.facts
  const message = stops.map(([host, { facts }]) => `${host}: ${facts.message}`).join('; ')
  const data = Object.fromEntries(
    stops.flatMap(([host, { facts }]) => (facts.data ? [[host, facts.data]] : [])),
  )
  return new Stop(code, message, {
    ...(next === undefined ? {} : { next }),
    ...(Object.keys(data).length === 0 ? {} : { data }),
    cause: first,
  })
}
