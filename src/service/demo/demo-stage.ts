import type { App } from '../../app/open-app.ts'

/** What the chapters of the story work with. */
export interface DemoStage {
  app: App
  home: string
  /** Path of the document. */
  charter: string
  say(text: string): void
}
