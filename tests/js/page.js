/** The little of a browser that modules look at while they are loaded. Import it first. */

class Media {}
Object.assign(globalThis, {
  document: { getElementById: () => null, documentElement: { lang: "en" } },
  HTMLMediaElement: Media,
});
