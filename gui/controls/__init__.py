"""What the user sets: method, parameters, target, baseline. Setters never emit; ``changed`` means a person did it."""
