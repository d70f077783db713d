"""The containers of docker-compose.yml, on a Docker of the tests' own."""
