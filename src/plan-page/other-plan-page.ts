import type { Json } from '../domain/json.ts'
import {
  count,
  exact,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  proseList,
  table,
} from '../domain/markdown.ts'
import { isCommands } from '../domain/planned-command.ts'
import { commandLines } from './commands-section.ts'
import type { PlanReading } from './plan-reading.ts'
import { FEW_UNITS } from './units-section.ts'

/** A plan of whatever machine: single facts in a table, lists of things as tables of their own, the rest as points. */
export function otherPlanLines({ plan, page, pageSize }: PlanReading): MarkdownLine[] {
  if (plan === null || typeof plan !== 'object' || Array.isArray(plan))
    return [md`## The plan`, '', ...proseList(plan), '']
  const entries = Object.entries(plan)
  const single = entries.filter(([, value]) => value === null || typeof value !== 'object')
  const nested = entries.filter(([, value]) => value !== null && typeof value === 'object')
  return [
    ...table(
      ['fact', 'value'],
      single.map(([key, value]) => [exact(key), exact(String(value))]),
    ),
    ...nested.flatMap(([key, value]): MarkdownLine[] => [
      md`## ${exact(key)}`,
      '',
      ...valueLines(value, page, pageSize),
      '',
    ]),
  ]
}

function valueLines(value: Json, page: number | null, pageSize: number): MarkdownLine[] {
  if (!Array.isArray(value)) return proseList(value)
  if (value.length === 0) return [md`None.`]
  const from = page === null ? 0 : (page - 1) * pageSize
  const shown = value.slice(from, page === null ? FEW_UNITS : from + pageSize)
  const left = value.length - shown.length
  const more: MarkdownLine[] =
    left > 0
      ? paragraph(
          md`${count(shown.length)} of ${count(value.length)}; ${nameSpan('--page')} N lists the others.`,
        )
      : []
  const objects = shown.filter(isObject)
  if (objects.length < shown.length) return [...more, ...proseList(shown)]
  if (isCommands(objects)) return [...more, ...commandLines(objects)]
  const columns = [...new Set(objects.flatMap((row) => Object.keys(row)))]
  const cell = (item: Json | undefined) =>
    item === undefined || item === null ? '–' : exact(typeof item === 'string' ? item : JSON.stringify(item))
  return [
    ...more,
    ...table(
      columns.map(exact),
      objects.map((row) => columns.map((key) => cell(row[key]))),
    ),
  ]
}

const isObject = (value: Json): value is { [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
