/** `json`: one object a line, for programs. `pretty`: for people. */
export type LogFormat = 'json' | 'pretty';
export const LOG_FORMATS: readonly LogFormat[] = ['json', 'pretty'];

/** What a stream is given unless somebody asks for something else: a terminal lines for people, a file or pipe JSON. */
export function defaultLogFormat(stream: { isTTY?: boolean }): LogFormat {
  return stream.isTTY === true ? 'pretty' : 'json';
}
