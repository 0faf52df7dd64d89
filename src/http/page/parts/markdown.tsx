import { lexer, type Token, type Tokens } from 'marked'
import type { ComponentChildren } from 'preact'
import { Shown } from './shown.tsx'

/** A part of a page: what stands under a heading of the second level. */
export interface MarkdownPart {
  title: string
  raw: string
  tokens: Token[]
}

/** Splits a plan for people at its headings. What stands before the first one is the part `About`. */
export function partsOf(markdown: string): MarkdownPart[] {
  const parts: MarkdownPart[] = [{ title: 'About', raw: '', tokens: [] }]
  for (const token of lexer(markdown, { gfm: true })) {
    if (token.type === 'heading' && token.depth === 1) continue
    if (token.type === 'heading' && token.depth === 2)
      parts.push({ title: (token as Tokens.Heading).text.replace(/[`*]/g, ''), raw: '', tokens: [] })
    else parts.at(-1)!.tokens.push(token)
    parts.at(-1)!.raw += token.raw
  }
  return parts.filter(({ raw }) => raw.trim() !== '')
}

/** Markdown as elements. Links and HTML of a plan stay text: nothing of it leads anywhere or runs. */
export function Markdown({ tokens }: { tokens: Token[] }) {
  return (
    <>
      {tokens.map((token, at) => (
        <One key={at} token={token} />
      ))}
    </>
  )
}

function One({ token }: { token: Token }): ComponentChildren {
  const inner = 'tokens' in token && token.tokens !== undefined ? <Markdown tokens={token.tokens} /> : null
  switch (token.type) {
    case 'space':
    case 'hr':
    case 'def':
      return null
    case 'heading':
      return <h3>{inner}</h3>
    case 'paragraph':
      return <p>{inner}</p>
    case 'strong':
      return <strong>{inner}</strong>
    case 'em':
      return <em>{inner}</em>
    case 'del':
      return <del>{inner}</del>
    case 'br':
      return <br />
    case 'codespan':
      return (
        <code>
          <Shown text={(token as Tokens.Codespan).text} />
        </code>
      )
    case 'code':
      return (
        <pre tabIndex={0}>
          <Shown text={(token as Tokens.Code).text} lines />
        </pre>
      )
    case 'blockquote':
      return <blockquote>{inner}</blockquote>
    case 'list':
      return <List list={token as Tokens.List} />
    case 'table':
      return <Table table={token as Tokens.Table} />
    case 'escape':
      return <Shown text={(token as Tokens.Escape).text} />
    default:
      return inner ?? <Shown text={'text' in token ? String(token.text) : token.raw} />
  }
}

function List({ list: { items, ordered } }: { list: Tokens.List }) {
  const Kind = ordered ? 'ol' : 'ul'
  return (
    <Kind>
      {items.map((item) => (
        <li key={item.raw}>
          <Markdown tokens={item.tokens} />
        </li>
      ))}
    </Kind>
  )
}

function Table({ table: { header, rows } }: { table: Tokens.Table }) {
  // With two columns the head is a name and its value, like each row below.
  const isPairs = header.length <= 2
  return (
    <div class={isPairs ? 'table-frame is-pairs' : 'table-frame'} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map(({ tokens }, at) => (
              <th key={at} scope="col">
                <Markdown tokens={tokens} />
                {tokens.length === 0 && <span class="visually-hidden">value</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map(({ tokens }, column) => (
                <td
                  key={column}
                  data-label={
                    !isPairs && tokens.length > 0 ? header[column]!.text.replaceAll('`', '') : undefined
                  }
                >
                  <div>
                    <Markdown tokens={tokens} />
                  </div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
