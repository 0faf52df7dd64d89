import type { Token } from 'parse5'
import { CutterError } from '../../domain/errors.ts'

/** Maximum length of an attribute in XML, in UTF-16 units. */
const LONGEST_ATTRIBUTE = 65_536

/** @throws INPUT_REFUSED when an attribute is longer than any law needs */
export function assertAttributes({ tagName, attrs }: Token.TagToken): void {
  const long = attrs.find(({ name, value }) => name.length + value.length > LONGEST_ATTRIBUTE)
  if (long === undefined) return
  throw new CutterError(
    'INPUT_REFUSED',
    `the source has an attribute of ${long.name.length + long.value.length} characters, in <${tagName.slice(0, 50)}>, and at most ${LONGEST_ATTRIBUTE} are read; nothing was changed`,
    { next: 'take what it holds, such as a picture, out of the source, and start with the new file' },
  )
}
