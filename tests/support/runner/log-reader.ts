import { type Command, parseCommand } from './commands.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string | undefined;
  readonly message: string;
}

const LABELS = { error: 'Error', warning: 'Warning', notice: 'Notice' };

/** Follows the output of an action line by line, as the runner does, and keeps what came of it. */
export class LogReader {
  readonly commands: Command[] = [];
  readonly annotations: Annotation[] = [];
  readonly masks: string[] = [];
  /** What a reader of the job's log sees. */
  readonly shown: string[] = [];
  #resumeToken: string | undefined;

  read(line: string): void {
    if (this.#resumeToken !== undefined) {
      if (line.trim() === `::${this.#resumeToken}::`) this.#resumeToken = undefined;
      else this.#show(line);
      return;
    }
    const command = parseCommand(line);
    if (command === undefined) this.#show(line);
    else this.#obey(command);
  }

  #obey(command: Command): void {
    this.commands.push(command);
    switch (command.name) {
      case 'error':
      case 'warning':
      case 'notice':
        this.annotations.push({
          level: command.name,
          title: command.properties['title'],
          message: command.data,
        });
        this.#show(`${LABELS[command.name]}: ${command.data}`);
        break;
      case 'add-mask':
        this.masks.push(command.data);
        break;
      case 'group':
        this.#show(`▾ ${command.data}`);
        break;
      case 'stop-commands':
        this.#resumeToken = command.data;
        break;
    }
  }

  #show(text: string): void {
    this.shown.push(this.masks.filter(Boolean).reduce((seen, mask) => seen.replaceAll(mask, '***'), text));
  }
}
