import { serve } from '../process/serve.ts';
import { FakeModel } from './fake-model.ts';
import type { FakeSettings } from './fake-settings.ts';

// The fake embedder's resident process; its one argument is the settings as JSON.
const model = new FakeModel(JSON.parse(process.argv[2] ?? '{}') as FakeSettings);
serve((task, items, isDropped) => model.embed(task, items, isDropped));
