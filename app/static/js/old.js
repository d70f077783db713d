// For browsers without ES modules; in words that they understand.
location.replace(document.documentElement.getAttribute("data-too-old") || "/");
