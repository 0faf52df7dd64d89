/** A heading element, or an element that bears a number. Offsets count UTF-16 units of the text. */
export interface HtmlHeading {
  start: number
  /** End of the element with the white space behind it; null if the source does not say it. */
  end: number | null
  /** End of the heading element itself; null for an element that bears a number. */
  headingEnd: number | null
  /** 1 to 6 for h1 to h6; 7 for an element that bears a number. */
  depth: number
  text: string
  number: string | null
  /** Name of the element that bears the number, else null. */
  tag: string | null
  /** Number of numbered elements around a numbered one. */
  nesting: number
}

/** A heading whose text is kept twice. */
export interface MarkedHtmlHeading extends HtmlHeading {
  /** The text with the signs of Markdown for words that are struck out. */
  marked: string
}

/** The beginning of a paragraph. Offsets count UTF-16 units of the text. */
export interface HtmlParagraph {
  start: number
  /** End of the paragraph's element; null if its text is longer than was read. */
  end: number | null
  text: string
  /** The text with the signs of Markdown for what is bold at its beginning, and for words that are struck out. */
  marked: string
}
