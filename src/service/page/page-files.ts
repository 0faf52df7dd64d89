/** What the door of the page needs to find its files. */
export { pageFile } from '../../app/package-paths.ts'
