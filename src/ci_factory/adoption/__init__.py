"""What a project has to have for each level of adoption: its CI file, its settings, and what people do by hand. Pure."""
