// Talks to a running gateway with the real Node client and prints what it got as JSON.
// node client.mjs BASE_URL KEY PATH_OF_THE_OPENAI_PACKAGE
import { pathToFileURL } from 'node:url';

const [baseURL, apiKey, packagePath] = process.argv.slice(2);
const { default: OpenAI } = await import(pathToFileURL(packagePath).href);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: '你好' }];

const whole = await client.chat.completions.create({ model: 'm', messages });
let streamed = '';
let reason = '';
let decision = '';
for await (const chunk of await client.chat.completions.create({ model: 'm', messages, stream: true })) {
  streamed += chunk.choices[0]?.delta?.content ?? '';
  reason = chunk.choices[0]?.finish_reason ?? reason;
  decision = chunk.guiju?.decision ?? decision;
}
let code = '';
try {
  await client.chat.completions.create({ model: 'nobody', messages });
} catch (error) {
  code = `${error.status} ${error.code}`;
}
let broken = '';
try {
  for await (const chunk of await client.chat.completions.create({ model: 'die', messages, stream: true })) broken = chunk.id;
} catch (error) {
  broken = error.constructor.name;
}
const response = await client.responses.create({ model: 'm', input: '你好' });
let responded = '';
for await (const event of await client.responses.create({ model: 'm', input: '你好', stream: true })) {
  if (event.type === 'response.output_text.delta') responded += event.delta;
}
const completion = await client.completions.create({ model: 'm', prompt: '你好' });
const vectors = await client.embeddings.create({ model: 'm', input: '你好', encoding_format: 'float' });
const others = [response.output_text, responded, completion.choices[0].text];
const models = [];
for await (const model of client.models.list()) models.push(model.id);
console.log(JSON.stringify({ whole: whole.choices[0].message.content, label: whole.guiju.label, streamed, reason, decision, code, broken, models, others, vector: vectors.data[0].embedding }));
