/** The demo's document: small, ours, and with what a real one has: a preamble, chapters, and an article repealed in place. */
export const CHARTER = `# Charter of the Common Workshop

We who share these tools give ourselves this charter, so that what is decided stays decided and can be found again.

## Chapter 1 Of the workshop

### Article 1

The workshop belongs to all who have signed the book. Whoever signs has read this charter.

### Article 2

Tools are lent for seven days. Whoever returns one broken says so, and is thanked for it.

### Article 3 (repealed)

~~The bell is rung at noon.~~

### Article 4

Nobody works alone with the saw after dark.

## Chapter 2 Of decisions

### Article 5

A change of this charter is proposed in writing, shown to all for a week, and decided by two who did not propose it.

### Article 6

1. What was decided is written into the book the same day.
2. Nothing is struck out; what no longer holds is marked so, with the date.
`
