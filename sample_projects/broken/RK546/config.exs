import Config

confg :a, port: 80
