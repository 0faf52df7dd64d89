import { LineCounter, parseDocument, type YAMLError } from 'yaml'

/** Why a text is no YAML, in words of ours: the parser's own hold lines of the file, and names of its functions. */
const FAULTS: { [code in YAMLError['code']]?: string } = {
  BAD_ALIAS: 'an alias is not written right',
  BAD_DQ_ESCAPE: 'a text in double quotes holds an escape that YAML does not know',
  BAD_INDENT: 'a line is not indented as those around it',
  BAD_SCALAR_START: 'a value begins with a sign that needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a key holds more than one line',
  BLOCK_IN_FLOW: 'between { } or [ ] stands something that needs lines of its own',
  DUPLICATE_KEY: 'a key stands twice',
  MISSING_CHAR: 'a bracket, a quote or a comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines',
  NON_STRING_KEY: 'a key is something else than a text',
  MULTIPLE_DOCS: 'the file holds several documents (a line ---); Cutter reads one',
  TAB_AS_INDENT: 'a line is indented with a tab, which YAML does not allow',
  TAG_RESOLVE_FAILED: 'a value has a tag (!) that means nothing here',
  UNEXPECTED_TOKEN: 'something stands where YAML expects nothing of its kind',
}

/** The value of a text with one YAML document, `{}` for an empty one; or the first fault with its line and column. */
export function readYaml(text: string): { value: unknown } | { fault: string } {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    lineCounter: lines,
  })
  const [error] = [...document.errors, ...document.warnings]
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    return { fault: `${FAULTS[error.code] ?? 'it is no YAML'}, at line ${line}, column ${col}` }
  }
  // Past here a warning of the parser would print a line of the file.
  document.options.logLevel = 'silent'
  try {
    return { value: document.toJS() ?? {} }
  } catch {
    return { fault: 'an alias (*) names no anchor (&) that stands before it, or is used too often' }
  }
}
